/** Something that the user can put right: what is wrong, and what to do. */
export class Problem extends Error {
  constructor(problem: string, remedy: string) {
    super(`${problem}\n${remedy}`)
    this.name = 'Problem'
  }
}
