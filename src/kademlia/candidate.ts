// Peers that a lookup has heard of, and what became of those who named them. Pure (law 2).
//
// Referrers are accountable. A peer that was named and does not answer counts against those who named it, one that does for
// them, each shared among all of them: peers that are really there are named by many, so that dead ones spoil nobody's name;
// who invents peers stands alone with them. Nobody believes what only liars say.

import type { PeerKey } from './key.ts'

/**
 * heard: named by another, not asked; asked: holds a slot; slow: asked, lost its slot, its reply still counts;
 * undialable: known to have no address that we can use.
 */
export type CandidateState = 'heard' | 'asked' | 'slow' | 'answered' | 'failed' | 'undialable'

export interface Candidate<P extends PeerKey> extends PeerKey {
  peer: P
  /** replies it took to hear of it: 0 for whom we knew */
  readonly depth: number
  /** changed by `become` only */
  state: CandidateState
  /** the path that asked it */
  path: number
  /** when another is asked in its place, when it loses its slot, unix ms */
  overdue: number
  deadline: number
  /** how long it may hold its slot, ms */
  slot: number
  /** who named it; nobody for whom we knew */
  readonly referrers: Array<Candidate<P>>
  /** of those that it named: the lost, the answering, each shared with the others who named them, and those that hold a slot */
  lost: number
  answering: number
  onTrial: number
}

export interface TrustRules {
  /** whoever is to blame for so many lost ones is not believed alone any more */
  blame: number
  /** unless as many as that share of them have answered */
  credit: number
  /** so many peers of one who has named nobody that answered are asked at once */
  trial: number
}

/** More referrers than that make no difference. */
const REFERRERS = 16

/** Whom nobody can ask is believed in when so many have named it. */
const VOUCHERS = 4

export function newCandidate<P extends PeerKey> (peer: P, depth: number, path: number, by?: Candidate<P>): Candidate<P> {
  return {
    id: peer.id,
    key: peer.key,
    peer,
    depth,
    state: 'heard',
    path,
    overdue: 0,
    deadline: 0,
    slot: 0,
    referrers: by == null ? [] : [by],
    lost: 0,
    answering: 0,
    onTrial: 0
  }
}

/** `by` names it, too. Of many referrers those that are not to be trusted make room. */
export function nameAgain<P extends PeerKey> (candidate: Candidate<P>, by: Candidate<P>, rules?: TrustRules): void {
  const { referrers } = candidate

  // whom we knew ourselves nobody else answers for, and nobody answers for itself
  if (by === candidate || referrers.length === 0 || referrers.includes(by)) {
    return
  }

  const at = referrers.length < REFERRERS ? referrers.length : referrers.findIndex(referrer => !isTrusted(referrer, rules))

  if (at >= 0) {
    account(candidate, -1)
    referrers[at] = by
    account(candidate, 1)
  }
}

export function become<P extends PeerKey> (candidate: Candidate<P>, state: CandidateState): void {
  account(candidate, -1)
  candidate.state = state
  account(candidate, 1)
}

/** Adds or takes back what the candidate's state says of those who named it. */
function account<P extends PeerKey> ({ state, referrers }: Candidate<P>, sign: 1 | -1): void {
  const share = sign / referrers.length

  for (const referrer of referrers) {
    if (state === 'asked') {
      referrer.onTrial += sign
    } else if (state === 'answered') {
      referrer.answering += share
    } else if (state === 'slow' || state === 'failed') {
      referrer.lost += share
    }
  }
}

/** Whether it is to be believed what it alone says. */
export function isTrusted<P extends PeerKey> ({ lost, answering }: Candidate<P>, rules?: TrustRules): boolean {
  return rules == null || lost < rules.blame || answering >= rules.credit * lost
}

/** Whether somebody who named it is to be believed. */
export function isBelieved<P extends PeerKey> ({ referrers }: Candidate<P>, rules?: TrustRules): boolean {
  return referrers.length === 0 || referrers.some(referrer => isTrusted(referrer, rules))
}

/** Whether it was known to us, or so many name it that they can hardly all be liars. */
export function isVouchedFor<P extends PeerKey> ({ referrers }: Candidate<P>, k: number): boolean {
  return referrers.length === 0 || referrers.length >= Math.min(k, VOUCHERS)
}

/** Whether somebody who named it has proved right, or has few others on trial. */
export function mayBeTried<P extends PeerKey> ({ referrers }: Candidate<P>, rules?: TrustRules): boolean {
  return rules == null || referrers.length === 0 || referrers.some(({ answering, onTrial }) => answering > 0 || onTrial < rules.trial)
}
