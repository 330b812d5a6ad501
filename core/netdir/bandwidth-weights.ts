/** How likely a relay is chosen for a position: its bandwidth times the consensus's weight (dir-spec 3.8.3). */

export type Position = 'guard' | 'middle' | 'exit' | 'directory'
