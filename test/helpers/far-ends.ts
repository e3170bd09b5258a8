// A client, and the far ends of its streams in the hands of the test.

import { encodeMessage, MessageType } from '../../src/wire/message.ts'
import { PeerEnd } from './stream-ends.ts'
import { until } from './turns.ts'
import { createRequest, SERVER_CONTACT, withClient } from './wire.ts'
import type { TestClient, TestClientInit } from './wire.ts'
import type { Message } from '../../src/wire/message.ts'

export interface FarEnds extends TestClient {
  /** of all streams that were opened, the last one last */
  far: PeerEnd[]
}

/** Runs as long as `use` does. */
export async function withFarEnds (use: (test: FarEnds) => Promise<void>, init: Omit<TestClientInit, 'onStream'> = {}): Promise<void> {
  const far: PeerEnd[] = []

  await withClient({ ...init, onStream: stream => { far.push(new PeerEnd(stream)) } }, async client => use({ ...client, far }))
}

/** How a promise ends, told without throwing. */
export async function outcomeOf (promise: Promise<unknown>): Promise<Error | undefined> {
  return promise.then(() => undefined, error => error)
}

export function replyTo (key: string, type = MessageType.FIND_NODE): Uint8Array {
  return encodeMessage({ type, key: new TextEncoder().encode(key) })
}

export function keyOf ({ key }: Pick<Message, 'key'>): string {
  return new TextDecoder().decode(key)
}

/** A request that has been answered, so that its stream is warm. */
export async function warmUp ({ client, far }: FarEnds): Promise<void> {
  const answered = client.request(SERVER_CONTACT, createRequest('warm'))
  await until(() => far.length === 1)
  await far[0].next()
  far[0].stream.send(replyTo('warm'))
  await answered
}

/** Asks for each key, all at once. */
export function ask ({ client }: TestClient, ...keys: string[]): Array<Promise<string>> {
  return keys.map(async key => keyOf(await client.request(SERVER_CONTACT, createRequest(key))))
}
