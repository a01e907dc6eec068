/** How many items are looked at in one turn of the event loop at most: about a millisecond's worth. */
const ITEMS_PER_TURN = 1_000;

/**
 * Calls `act` for each of `items`, then `onDone`; where they are many, over several turns of the event loop, so that none of
 * them stalls it. The first are done at once. What a Map or Set gains meanwhile is included, what it loses is not.
 *
 * @param perTurn - fewer where more is done than looking.
 */
export function inTurns<Item>(
  items: Iterable<Item>,
  act: (item: Item) => void,
  onDone: () => void = () => {},
  perTurn: number = ITEMS_PER_TURN,
): void {
  const iterator = items[Symbol.iterator]();
  const turn = (): void => {
    for (let looked = 0; looked < perTurn; looked += 1) {
      const next = iterator.next();
      if (next.done === true) return onDone();
      act(next.value);
    }
    setImmediate(turn);
  };
  turn();
}
