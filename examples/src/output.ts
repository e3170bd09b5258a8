// What an example has to say.

export function print (text: string): void {
  process.stdout.write(`${text}\n`)
}
