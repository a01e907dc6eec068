// Compiled, not run: the same from CommonJS.
import core = require('@drainkit/core');
import node = require('@drainkit/core/node');
import opentelemetry = require('@drainkit/core/opentelemetry');
import promClient = require('@drainkit/core/prom-client');
import express = require('@drainkit/express');
import fastify = require('@drainkit/fastify');
import testing = require('@drainkit/testing');

const options: express.DrainOptions = { window: '5s', host: testing.fakeHost() };

export const phases: readonly core.Phase[] = core.PHASES;
export const drains = [express.createDrain(options), node.createDrain(options)];
export const plugin: typeof fastify.default = fastify.drainPlugin;

for (const drain of drains) {
  promClient.meterDrain(drain);
  opentelemetry.traceDrain(drain);
}
