// The spread of rounds as it stands in a document: `name`, `nameMin` and `nameMax`.

import { rounded } from './statistics.ts'
import type { Spread } from './statistics.ts'

export type SpreadFields<Name extends string> = { [key in Name | `${Name}Min` | `${Name}Max`]?: number }

export function spreadFields <Name extends string> (name: Name, { median, min, max }: Spread): SpreadFields<Name> {
  return { [name]: rounded(median), [`${name}Min`]: rounded(min), [`${name}Max`]: rounded(max) } as SpreadFields<Name>
}
