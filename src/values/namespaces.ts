// What may be stored under which keys: a key is `/<namespace>/…`, and each namespace has a validator, which says whether
// a value is valid under a key, and a selector, which says which of several valid ones is best.

import { InvalidParametersError } from '@libp2p/interface'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { toCharacters } from '../wire/characters.ts'
import { withTimeLimit } from './time-limit.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Throws, or rejects, when the value must not be stored under the key. */
export interface ValidateFn {
  (key: Uint8Array, value: Uint8Array, options?: AbortOptions): void | Promise<void>
}

/** The index of the best of several valid values. */
export interface SelectFn {
  (key: Uint8Array, values: Uint8Array[]): number | Promise<number>
}

/** By namespace. */
export type Validators = Record<string, ValidateFn>

/** By namespace. */
export type Selectors = Record<string, SelectFn>

/** What more there is to know of the values of a namespace of ours. All values that it is given are valid. */
export interface ValueRules {
  /** of several values one is made that has what is in any of them */
  merge? (values: Uint8Array[]): Uint8Array
  /** when the value ends, unix ms */
  expires? (value: Uint8Array): number
  /** how long the value may be cached, seconds */
  ttl? (value: Uint8Array): number
  /** who puts a worse value than the one that is held gets that for an answer, and learns of it; others are refused */
  answersHeld?: boolean
  /** whether both say the same in other bytes, as two signatures under it do */
  same? (a: Uint8Array, b: Uint8Array): boolean
  /** whether both are the owner's word of the same moment, and are not the same: an owner that says so is not to be trusted */
  contradict? (a: Uint8Array, b: Uint8Array): boolean
}

/** A value is not valid under its key. */
export class InvalidRecordError extends Error {
  override name = 'InvalidRecordError'
}

/** There is no selector for a namespace. */
export class MissingSelectorError extends Error {
  override name = 'MissingSelectorError'
}

export interface NamespacesInit {
  validators: Validators
  selectors: Selectors
  /** by namespace; they hold where the validator is the one of `builtIn`, and not one that an application has put in its place */
  rules?: Record<string, ValueRules>
  builtIn?: Validators
  /** how long a validator or a selector may take, ms */
  timeout: number
}

const SLASH = 0x2f

const NO_RULES: ValueRules = {}

/** The maps of validators and selectors are read when they are needed: applications add to them while the node runs. */
export class Namespaces {
  readonly #validators: Validators
  readonly #selectors: Selectors
  readonly #rules: Record<string, ValueRules>
  readonly #builtIn: Validators
  readonly #timeout: number

  constructor ({ validators, selectors, rules = {}, builtIn = validators, timeout }: NamespacesInit) {
    this.#validators = validators
    this.#selectors = selectors
    this.#rules = rules
    this.#builtIn = builtIn
    this.#timeout = timeout
  }

  /** @throws {InvalidParametersError} when there is no validator for the key's namespace */
  requireNamespace (key: Uint8Array): void {
    this.#validatorOf(key)
  }

  /** What more there is to know of the values under a key; nothing for namespaces that an application brought. */
  rulesOf (key: Uint8Array): ValueRules {
    const namespace = namespaceOf(key)

    return own(this.#validators, namespace) === own(this.#builtIn, namespace) ? own(this.#rules, namespace) ?? NO_RULES : NO_RULES
  }

  /**
   * @throws {InvalidParametersError} when there is no validator for the key's namespace
   * @throws {InvalidRecordError} when the validator refuses the value, or does not come to an end
   */
  async validate (key: Uint8Array, value: Uint8Array, options?: AbortOptions): Promise<void> {
    const validator = this.#validatorOf(key)

    try {
      await withTimeLimit(signal => validator(key, value, { signal }), this.#timeout, options)
    } catch (error: any) {
      options?.signal?.throwIfAborted()

      throw new InvalidRecordError(`The value is not valid under its key: ${error.message}`, { cause: error })
    }
  }

  /**
   * The index of the best value.
   *
   * @throws {MissingSelectorError} when there are several and no selector for the key's namespace
   * @throws {InvalidRecordError} when the selector chooses what is not there
   */
  async select (key: Uint8Array, values: Uint8Array[]): Promise<number> {
    if (values.length === 1) {
      return 0
    }

    const namespace = namespaceOf(key)
    const selector = own(this.#selectors, namespace)

    if (selector == null) {
      throw new MissingSelectorError(`There is no selector for the namespace "${namespace}": add one to the selectors, which has ${names(this.#selectors)}`)
    }

    const best = await withTimeLimit(() => selector(key, values), this.#timeout)

    if (!Number.isInteger(best) || best < 0 || best >= values.length) {
      throw new InvalidRecordError(`The selector of the namespace "${namespace}" chose ${best} out of ${values.length} values`)
    }

    return best
  }

  /** The best of several valid values, or what they come to together. */
  async best (key: Uint8Array, values: Uint8Array[]): Promise<Uint8Array> {
    const { merge } = this.rulesOf(key)

    return merge == null ? values[await this.select(key, values)] : merge(values)
  }

  /** Whether whoever holds `held` needs not be told of `value`. */
  covers (key: Uint8Array, held: Uint8Array, value: Uint8Array): boolean {
    const { merge, same } = this.rulesOf(key)

    if (merge != null) {
      return uint8ArrayEquals(merge([held, value]), merge([held]))
    }

    return uint8ArrayEquals(held, value) || same?.(held, value) === true
  }

  #validatorOf (key: Uint8Array): ValidateFn {
    const namespace = namespaceOf(key)
    const validator = own(this.#validators, namespace)

    if (validator == null) {
      throw new InvalidParametersError(`There is no validator for the namespace "${namespace}": add one to the validators, which has ${names(this.#validators)}`)
    }

    return validator
  }
}

function namespaceOf (key: Uint8Array): string {
  const end = key.indexOf(SLASH, 1)

  if (key[0] !== SLASH || end === -1) {
    throw new InvalidParametersError('A key is /<namespace>/<name>; this one has no namespace')
  }

  const name = key.subarray(1, end)

  // hot: each value that is read or written asks for it several times, and hardly any is not ASCII
  return name.every(byte => byte < 0x80) ? toCharacters(name) : uint8ArrayToString(name)
}

/** A plain object has more properties than were put into it: `/constructor/…` is no namespace. */
function own <T> (map: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined
}

function names (map: Record<string, unknown>): string {
  return Object.keys(map).map(name => `"${name}"`).join(', ')
}
