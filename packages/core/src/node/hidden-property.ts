/** What Node keeps at an object under a symbol that it does not export; `undefined` where this version of Node does not. */
export function hiddenProperty(object: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : (object as Record<symbol, unknown>)[key];
}
