// All lookup rules there are.

import { go } from './go.ts'
import { js } from './js.ts'
import { ours } from './ours.ts'
import { rust } from './rust.ts'
import type { PolicyName, Rules } from './policy.ts'

export const RULES: Record<PolicyName, Rules> = { ours: ours(), go, js, rust }

export const POLICIES = Object.keys(RULES) as PolicyName[]
