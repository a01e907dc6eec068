/** How long a server goes on serving after the signal, in milliseconds, where it has a window at all. */
export const WINDOW: number = Number(process.env['BENCH_WINDOW'] ?? 1500);

/** How long what is in flight may take, in milliseconds, where there is a deadline at all. */
export const DEADLINE: number = Number(process.env['BENCH_DEADLINE'] ?? 3000);
