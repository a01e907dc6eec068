/**
 * A rolling restart under load, for you to look at: two instances of a small Fastify server behind a balancer, a steady
 * stream of requests, and a SIGTERM to one instance after the other.
 *
 *     pnpm demo
 *     DEMO_BALANCER=builtin pnpm demo    the small balancer in this directory, even where HAProxy is installed
 *     DEMO_SECONDS=4 pnpm demo           less time between the restarts; 9 s in all by default
 *     DRAIN_ENABLED=false pnpm demo      the same without the drain, for comparison
 *
 * After some 20 seconds one sees what each instance did and when, the report of each drain, and how many requests were
 * served, dropped and refused. It exits with 0 only if none was dropped or refused. Ctrl+C ends all that it has started.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatReport } from '@drainkit/core';
import { createDrain } from '@drainkit/core/node';
import { eventually, freePort } from '@drainkit/testing';
import type { Balancer } from './balancer.ts';
import { InstanceSlot, type SlotExit } from './instance-slot.ts';
import { Load } from './load.ts';
import { Recorder } from './recorder.ts';
import { startBalancer } from './start-balancer.ts';
import { summarize } from './summary.ts';
import { paint, print } from './terminal.ts';

const WINDOW = '1500ms';
const CONNECTIONS = 40;
const RATE = 500;

// The demo drains, too: Ctrl+C, an error and the end all close what it has opened, last opened first. DRAIN_* is for the
// instances, not for this.
const drain = createDrain({ env: false, exit: false });
try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  process.exitCode = drain.signal.aborted ? 130 : 1;
  if (!drain.signal.aborted) console.error(error);
} finally {
  await drain.close('the end of the demo');
  if (process.exitCode === 130) print('Interrupted; all that was started is ended.');
}
process.exit();

/** @returns whether nothing was dropped or refused, and every instance exited with 0. */
async function demo(): Promise<boolean> {
  const calm = (Number(process.env['DEMO_SECONDS'] ?? 9) * 1_000) / 3;
  if (!(calm >= 0)) throw new Error(`DEMO_SECONDS is '${process.env['DEMO_SECONDS']}'; allowed: seconds`);

  const slots = [new InstanceSlot('one', await freePort(), WINDOW), new InstanceSlot('two', await freePort(), WINDOW)];
  for (const slot of slots) drain.resource(`instance ${slot.name}`, () => slot.kill());
  await Promise.all(slots.map((slot) => slot.start()));

  const balancer = await startBalancer(slots, process.env['DEMO_BALANCER']);
  drain.resource('balancer', () => balancer.stop());
  for (const slot of slots) await seenUp(balancer, slot);
  print(`Two instances behind ${balancer.title}; ${CONNECTIONS} keep-alive connections, ${RATE} requests a second.\n`);

  const load = new Load(balancer.url, { connections: CONNECTIONS, rate: RATE });
  drain.resource('load', () => load.stop());
  const recorder = new Recorder(slots, load);
  drain.resource('recorder', () => recorder.stop());
  load.start();
  recorder.start();

  const exits: { readonly slot: InstanceSlot; readonly exit: SlotExit }[] = [];
  await sleep(calm, undefined, { signal: drain.signal });
  for (const slot of slots) {
    exits.push({ slot, exit: await restart(slot, balancer, recorder) });
    await sleep(calm, undefined, { signal: drain.signal });
  }
  recorder.stop();
  await load.finish();

  print(`\n${paint('bold', 'Requests served by each instance, and its phase')}\n\n${recorder.timeline.draw()}\n`);
  for (const { slot, exit } of exits) {
    print(paint('bold', `Instance ${slot.name}`));
    print(exit.report === undefined ? 'no drain, no report' : formatReport(exit.report));
    print();
  }
  const restarts = exits.map(({ slot, exit }) => ({ name: slot.name, exit: String(exit.code ?? exit.signal) }));
  const { text, isClean } = summarize(load, restarts);
  print(`${paint('bold', 'In all')}\n${text}`);
  return isClean;
}

/** Ends the process of a slot, and starts its replacement on the same port. */
async function restart(slot: InstanceSlot, balancer: Balancer, recorder: Recorder): Promise<SlotExit> {
  recorder.say(slot, 'SIGTERM');
  const exit = await slot.terminate();
  recorder.say(slot, `exited with ${exit.code ?? exit.signal}; starting its replacement`);
  drain.signal.throwIfAborted();
  await slot.start();
  await seenUp(balancer, slot);
  recorder.say(slot, 'the replacement is up, and gets requests');
  return exit;
}

function seenUp(balancer: Balancer, { name }: InstanceSlot): Promise<boolean> {
  return eventually(`the balancer to see ${name} up`, () => balancer.isUp(name), { interval: 50 });
}
