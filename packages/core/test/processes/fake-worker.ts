import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import type { Clock } from '../../src/host.ts';
import { WorkerProcess } from '../../src/processes/worker-process.ts';

/** A worker of node:cluster without a process: it becomes ready and ends when a test says so, and notes what it is sent. */
export class FakeWorker {
  readonly process: WorkerProcess;
  readonly sent: unknown[] = [];
  readonly #worker = new EventEmitter();
  readonly #process = new EventEmitter();

  constructor(index: number, pid: number, clock: Clock) {
    Object.assign(this.#process, {
      pid,
      connected: true,
      kill: (signal: NodeJS.Signals) => this.sent.push(signal),
      send: (message: unknown) => this.sent.push(message),
    });
    Object.assign(this.#worker, { process: this.#process });
    this.process = new WorkerProcess(this.#worker as Worker, index, clock, 30_000);
  }

  becomeReady(): void {
    this.#worker.emit('message', 'ready');
  }

  end(code: number | null, signal: NodeJS.Signals | null = null): void {
    this.#process.emit('exit', code, signal);
  }
}
