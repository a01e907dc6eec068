import type { DrainPlan } from './plan/drain-plan.ts';
import type { Cancel, Fault, Host } from './host.ts';
import type { SignalName } from './plan/option-kind.ts';
import { requestIn } from './parent-message.ts';
import { messageTrigger, primaryTrigger, signalTrigger, type Trigger } from './trigger.ts';

/** Listens for what begins a drain from outside: the plan's signals, a parent's message, errors that nobody caught. */
export function listenForTriggers(
  plan: DrainPlan,
  host: Host,
  onTrigger: (trigger: Trigger) => void,
  onFault: (fault: Fault) => void,
): Cancel {
  const cancels = (Object.keys(plan.signals) as SignalName[]).map((signal) =>
    host.onSignal(signal, (number) => onTrigger(signalTrigger(signal, number, plan.signals[signal] === 'window'))),
  );
  cancels.push(
    host.onMessage((message) => {
      const request = requestIn(message);
      if (request === 'shutdown') onTrigger(messageTrigger);
      if (request === 'drain' || request === 'leave') onTrigger(primaryTrigger);
    }),
  );
  if (plan.faults) cancels.push(host.onFault(onFault));
  return () => {
    for (const cancel of cancels) cancel();
  };
}
