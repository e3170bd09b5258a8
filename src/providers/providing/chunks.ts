// Things in the order in which they came, in groups of which none is larger than it may be.

/** A group has one item at least, however large that is. `sizeOf`: the size of an item, in the unit of `most` */
export function chunksOf <T> (items: readonly T[], sizeOf: (item: T) => number, most: number): T[][] {
  const chunks: T[][] = []
  let size = Infinity

  for (const item of items) {
    size += sizeOf(item)

    if (size > most) {
      chunks.push([])
      size = sizeOf(item)
    }

    chunks[chunks.length - 1].push(item)
  }

  return chunks
}

/** Groups of so many, and a last one of what is left; none at all of nothing. */
export async function * chunked <T> (items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = []

  for await (const item of items) {
    chunk.push(item)

    if (chunk.length >= size) {
      yield chunk
      chunk = []
    }
  }

  if (chunk.length > 0) {
    yield chunk
  }
}
