/** The consensus's parameters by name, with defaults and ranges applied, so that nobody reads a raw value. */
import { NET_PARAM_RANGES, type NetParamName, type ParamRange } from './net-param-ranges.ts'

export class NetParams {
  readonly #values: ReadonlyMap<string, number>

  /** `values` are the consensus's `params` line; `overrides` win over it (testing options). */
  constructor(values: ReadonlyMap<string, number>, overrides: ReadonlyMap<string, number> = new Map()) {
    this.#values = overrides.size === 0 ? values : new Map([...values, ...overrides])
  }

  /** The value in force: in the parameter's range, or its default when the consensus does not set it. */
  get(name: NetParamName): number {
    const range: ParamRange = NET_PARAM_RANGES[name]
    const value = this.#values.get(name)
    if (value === undefined) return range.default
    return Math.min(Math.max(value, range.min), range.max)
  }

  /** Whether the consensus itself sets the parameter. */
  has(name: NetParamName): boolean {
    return this.#values.has(name)
  }
}

/** What holds before there is a consensus. */
export const DEFAULT_NET_PARAMS = new NetParams(new Map())
