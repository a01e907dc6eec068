/** What the order of starting depends on. */
export interface OrderedComponent {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly group: string | undefined;
}

/** What keeps components from being started in any order: names that are taken twice or belong to nobody, cycles. */
export function orderProblems(components: readonly OrderedComponent[]): string[] {
  const byName = new Map(components.map((component) => [component.name, component]));
  const problems: string[] = [];
  for (const name of byName.keys()) {
    const count = components.filter((component) => component.name === name).length;
    if (count > 1) problems.push(`'${name}' is the name of ${count} components`);
  }
  for (const { name, dependsOn } of components) {
    for (const other of dependsOn) {
      if (!byName.has(other)) problems.push(`'${name}' depends on '${other}', which is no component`);
    }
  }
  return [...problems, ...cycles(byName)];
}

/**
 * The order of starting, for components that have no problems: each after those it depends on, else in order of
 * registration. What stands together starts at the same time: those of one group, as far as their dependencies allow.
 *
 * @param components - those to start; what they depend on besides is running.
 */
export function startOrder<Member extends OrderedComponent>(components: readonly Member[]): Member[][] {
  const order: Member[][] = [];
  let left = [...components];
  while (left.length > 0) {
    const names = new Set(left.map(({ name }) => name));
    const startable = left.filter(({ dependsOn }) => !dependsOn.some((other) => names.has(other)));
    const [first] = startable;
    if (first === undefined) return order;
    const together =
      first.group === undefined ? [first] : startable.filter((component) => component.group === first.group);
    order.push(together);
    left = left.filter((component) => !together.includes(component));
  }
  return order;
}

/** Each cycle once, as `'a' -> 'b' -> 'a'`. */
function cycles(byName: ReadonlyMap<string, OrderedComponent>): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const from = path.indexOf(name);
    if (from !== -1) {
      const round = [...path.slice(from), name].map((each) => `'${each}'`);
      found.push(`${round.join(' depends on ')}: a cycle`);
      return;
    }
    if (finished.has(name)) return;
    for (const other of byName.get(name)?.dependsOn ?? []) visit(other, [...path, name]);
    finished.add(name);
  };
  for (const name of byName.keys()) visit(name, []);
  return found;
}
