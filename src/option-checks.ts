// The checks of options: each says which option it is, what it got, and what it takes.

import { InvalidParametersError } from '@libp2p/interface'

/** Throws unless the option's value is what it takes. */
export interface Check {
  (name: string, value: unknown): void
}

export const positive: Check = (name, value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalid(name, value, 'a whole number from 1')
  }
}

export const count: Check = (name, value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(name, value, 'a whole number from 0')
  }
}

export const duration: Check = (name, value) => {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw invalid(name, value, 'a number above 0')
  }
}

/** Longer ones run out at once, in every JavaScript engine. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Of a timer: so many units of `unit` ms. */
export function timer (unit: number): Check {
  return (name, value) => {
    duration(name, value)

    if (value as number * unit > LONGEST_TIMER) {
      throw invalid(name, value, `at most ${Math.floor(LONGEST_TIMER / unit)}, which is 24 days`)
    }
  }
}

export const boolean: Check = (name, value) => {
  if (typeof value !== 'boolean') {
    throw invalid(name, value, 'true or false')
  }
}

export const path: Check = (name, value) => {
  if (typeof value !== 'string' || !/^\/.*[^/]$/.test(value)) {
    throw invalid(name, value, 'a string that begins with a slash and ends without one')
  }
}

export const text: Check = (name, value) => {
  if (typeof value !== 'string' || value === '') {
    throw invalid(name, value, 'a string that is not empty')
  }
}

/** One of these words. */
export function oneOf (...words: string[]): Check {
  return (name, value) => {
    if (typeof value !== 'string' || !words.includes(value)) {
      throw invalid(name, value, `one of ${words.map(word => JSON.stringify(word)).join(', ')}`)
    }
  }
}

export const func: Check = (name, value) => {
  if (typeof value !== 'function') {
    throw invalid(name, value, 'a function')
  }
}

export const functions: Check = (name, value) => {
  for (const [namespace, entry] of Object.entries(asObject(name, value))) {
    func(`${name}.${namespace}`, entry)
  }
}

/** The checks of an option that is a group of options. */
export function group (checks: Record<string, Check>): Check {
  return (name, value) => { checkAll(asObject(name, value), checks, `${name}.`) }
}

/** Checks those that are there, and refuses those that there are not. */
export function checkAll (options: object, checks: Record<string, Check>, prefix: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      throw new InvalidParametersError(`There is no option "${prefix}${name}". The options are ${Object.keys(checks).map(known => prefix + known).join(', ')}`)
    }

    if (value !== undefined) {
      checks[name](prefix + name, value)
    }
  }
}

export function asObject (name: string, value: unknown): object {
  if (typeof value !== 'object' || value == null) {
    throw invalid(name, value, 'an object')
  }

  return value
}

export function invalid (name: string, value: unknown, takes: string): Error {
  return new InvalidParametersError(`The option ${name} takes ${takes}, not ${describe(value)}`)
}

function describe (value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value)
  }

  try {
    return String(value) || JSON.stringify(value)
  } catch {
    return 'an object without a text'
  }
}
