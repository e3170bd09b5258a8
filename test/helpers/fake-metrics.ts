// A metrics service that keeps what it is told.

import type { Metrics } from '@libp2p/interface'

type Kind = 'metric' | 'metric group' | 'counter' | 'counter group'

interface Registered {
  kind: Kind
  label?: string
  calculate?(): unknown
}

export class FakeMetrics {
  readonly registered = new Map<string, Registered>()
  readonly #values = new Map<string, Record<string, number>>()

  /** As those who report to it take it. */
  get service (): Metrics {
    const register = (kind: Kind) => (name: string, options: Omit<Registered, 'kind'> = {}) => this.#register(name, { ...options, kind })

    return {
      registerMetric: register('metric'),
      registerMetricGroup: register('metric group'),
      registerCounter: register('counter'),
      registerCounterGroup: register('counter group')
    } as unknown as Metrics
  }

  /** The value of a metric that has one. */
  value (name: string): unknown {
    const { calculate } = this.registered.get(name) ?? {}

    return calculate == null ? this.#values.get(name)?.value : calculate()
  }

  /** The values of a group by what they are of. */
  values (name: string): unknown {
    const { calculate } = this.registered.get(name) ?? {}

    return calculate == null ? this.#values.get(name) ?? {} : calculate()
  }

  #register (name: string, registered: Registered): unknown {
    if (this.registered.has(name)) {
      throw new Error(`${name} is registered twice`)
    }

    this.registered.set(name, registered)
    const add = (by: unknown, sign: number): void => {
      for (const [key, value] of entriesOf(by, true)) {
        const values = this.#valuesOf(name)
        values[key] = (values[key] ?? 0) + sign * (value === true ? 1 : value as number)
      }
    }

    return {
      update: (values: unknown) => { Object.assign(this.#valuesOf(name), Object.fromEntries(entriesOf(values, 0))) },
      increment: (by?: unknown) => { add(by, 1) },
      decrement: (by?: unknown) => { add(by, -1) }
    }
  }

  #valuesOf (name: string): Record<string, number> {
    const values = this.#values.get(name) ?? {}
    this.#values.set(name, values)

    return values
  }
}

/** A metric of its own has one value, a group has one by each name. */
function entriesOf (values: unknown, otherwise: unknown): Array<[string, unknown]> {
  return typeof values === 'object' && values != null ? Object.entries(values) : [['value', values ?? otherwise]]
}
