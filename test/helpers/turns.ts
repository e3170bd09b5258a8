// Waiting for what happens elsewhere, without a guess at how long it takes.

/** Taken before a test can put false ones in their place. */
const { setTimeout } = globalThis

/** Lets everything that is ready to run do so once. */
export async function turn (): Promise<void> {
  await new Promise<void>(resolve => { setTimeout(resolve, 0) })
}

/** Waits for a condition that no event tells of; the test's own time limit ends it. */
export async function until (condition: () => boolean): Promise<void> {
  while (!condition()) {
    await turn()
  }
}

/** Lets everything happen that goes on by itself, over however many hands it goes in a test's streams. */
export async function quiet (): Promise<void> {
  for (let i = 0; i < 25; i++) {
    await turn()
  }
}
