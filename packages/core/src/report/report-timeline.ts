import { formatDuration } from '../plan/duration.ts';
import type { DrainReport } from './drain-report.ts';
import { describeHandles, reportAdvice } from './report-advice.ts';

const WIDTH = 40;

interface Bar {
  readonly label: string;
  readonly from: number;
  readonly ms: number;
  readonly note: string;
}

/**
 * Draws a report for people: a bar for each phase and resource on one time scale, then what went wrong and what to do about it.
 *
 * ```text
 * drain: clean in 1.52 s (SIGTERM, exit code 0)
 *   announcing     ████████████████████████████████          1.2 s
 *   draining                                       ███████   270 ms
 *   closing                                               █  51 ms
 *     postgres                                            █  48 ms
 * ```
 *
 * @param handles - what kept the process alive after the drain: those of the event `lingering`.
 */
export function formatReport(report: DrainReport, handles: readonly string[] = []): string {
  const { outcome, totalMs, trigger, exitCode } = report;
  const bars = reportBars(report);
  const labelWidth = Math.max(...bars.map(({ label }) => label.length), 0);
  const lines = [
    `drain: ${outcome} in ${formatDuration(totalMs)} (${trigger.reason}, exit code ${exitCode})`,
    ...bars.map((bar) => `  ${bar.label.padEnd(labelWidth)}  ${drawBar(bar, totalMs)}  ${bar.note}`),
    ...reportNotes(report).map((note) => `  ${note}`),
    ...describeHandles(handles).map((handle) => `  kept alive by ${handle}`),
    ...reportAdvice(report).map((advice) => `  → ${advice}`),
  ];
  return lines.join('\n');
}

function reportBars({ phases, resources, components }: DrainReport): Bar[] {
  const bars: Bar[] = [];
  let from = 0;
  for (const { phase, ms } of phases) {
    bars.push({ label: phase, from, ms, note: formatDuration(ms) });
    if (phase === 'announcing') {
      for (const { name, quiesceMs } of components) {
        if (quiesceMs !== undefined)
          bars.push({ label: `  ${name}`, from, ms: quiesceMs, note: `${formatDuration(quiesceMs)} to quiesce` });
      }
    }
    if (phase === 'closing') {
      let began = from;
      let end = from;
      for (const { name, outcome, ms: took, parallel } of resources) {
        if (parallel !== true) began = end;
        const note = outcome === 'closed' ? formatDuration(took) : `${formatDuration(took)}, ${outcome}`;
        bars.push({ label: `  ${name}`, from: began, ms: took, note });
        end = Math.max(end, began + took);
      }
    }
    from += ms;
  }
  return bars;
}

/** At least one cell wide, so that what was quick is still seen. */
function drawBar({ from, ms }: Bar, totalMs: number): string {
  const scale = totalMs > 0 ? WIDTH / totalMs : 0;
  const start = Math.min(WIDTH - 1, Math.floor(from * scale));
  const length = Math.max(1, Math.min(WIDTH - start, Math.round(ms * scale)));
  return `${' '.repeat(start)}${'█'.repeat(length)}`.padEnd(WIDTH);
}

function reportNotes(report: DrainReport): string[] {
  const notes = [
    `${report.inFlightAtStart} in flight at the start, ${report.servedLate} served late, ${report.refused} refused`,
  ];
  if (report.stalled > 0) notes.push(`${report.stalled} cut off in the middle of sending a request`);
  const destroyed = new Set(report.aborted.map(({ name }) => name));
  for (const { name, ageMs } of report.atDeadline) {
    if (!destroyed.has(name)) notes.push(`in flight at the deadline: ${name}, running for ${formatDuration(ageMs)}`);
  }
  for (const { name, ageMs } of report.aborted) notes.push(`destroyed: ${name}, running for ${formatDuration(ageMs)}`);
  for (const { name, error } of report.resources) {
    if (error !== undefined) notes.push(`${name}: ${error}`);
  }
  for (const { name, error } of report.components) {
    if (error !== undefined) notes.push(`component ${name}: ${error}`);
  }
  for (const fault of report.faults) notes.push(`uncaught: ${fault}`);
  return notes;
}
