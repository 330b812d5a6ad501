/** What the three circuit handshakes have in common, seen from the client. */

export interface HandshakeResult {
  /** As many bytes of key material as were asked for; owned by the caller, who wipes them. */
  readonly keyMaterial: Buffer
  /** The relay's decrypted extension message; empty for handshakes without one. */
  readonly serverMessage: Buffer
}

export interface ClientHandshake {
  /** The client's half, to be sent in CREATE_FAST, CREATE2 or EXTEND2. */
  readonly request: Buffer
  /**
   * Checks the relay's half and derives keys. Works once. Throws `malformed` for a wrong length and `wrong-identity`
   * when the relay does not prove that it holds its key.
   */
  finish(reply: Uint8Array, keyBytes: number): HandshakeResult
}
