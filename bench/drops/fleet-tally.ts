/** What the clients of one run have seen. */
export interface FleetTally {
  /** Requests sent from the signal on, those refused included. */
  readonly sent: number;
  /** Of those, answered with 200. */
  readonly answered: number;
  /** Connections refused: nothing was sent, so a client may try another server. */
  readonly refused: number;
  /** Requests that failed, by what they failed of: the code of the error, or the status. */
  readonly failed: Readonly<Record<string, number>>;
}
