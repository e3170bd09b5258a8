// The few figures that sum up many.

/** The value below which a share `q` of the values lies, between neighbours in proportion; NaN of none. */
export function quantile (values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] ?? NaN
  const above = sorted[Math.ceil(at)] ?? NaN

  return below + (above - below) * (at - Math.floor(at))
}

export function median (values: number[]): number {
  return quantile(values, 0.5)
}

/** NaN of none. */
export function mean (values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export interface Spread {
  median: number
  min: number
  max: number
}

/** What the rounds say together. */
export function spread (values: number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** To three significant digits; what can't be measured is left out. */
export function rounded (value: number): number | undefined {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : undefined
}
