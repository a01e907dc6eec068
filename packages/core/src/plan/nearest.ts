/** The candidate that needs the fewest edits to become `word`, or `undefined` when none is close enough to be meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** That a name is none of those that are known, as an error message says it. */
export function noOption(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return `${name} is no option${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** Levenshtein distance, row by row: `distances[column]` is that of what was read of `a` to the first `column` letters of `b`. */
function editDistance(a: string, b: string): number {
  let distances = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of Array.from(a).entries()) {
    let left = row + 1;
    const next = [left];
    for (const [column, other] of Array.from(b).entries()) {
      const [diagonal = 0, above = 0] = distances.slice(column, column + 2);
      left = Math.min(diagonal + (letter === other ? 0 : 1), above + 1, left + 1);
      next.push(left);
    }
    distances = next;
  }
  return distances.at(-1) ?? 0;
}
