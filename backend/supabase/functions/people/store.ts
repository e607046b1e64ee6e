import { asCaller, type Caller } from "../_shared/caller.ts";
import type { Database } from "../_shared/database.ts";
import type { Person, PersonFields } from "./person.ts";

/** The caller's people. A person that is not the caller's is as absent as one that does not exist. */
export interface PeopleStore {
  list(caller: Caller): Promise<Person[]>;
  create(caller: Caller, fields: PersonFields): Promise<Person>;
  find(caller: Caller, id: string): Promise<Person | undefined>;
  change(caller: Caller, id: string, change: Partial<PersonFields>): Promise<Person | undefined>;
  remove(caller: Caller, id: string): Promise<boolean>;
}

const columns = ["id", "name", "relationship", "notes", "created_at", "updated_at"];

/** The store in the project's database; row level security limits each query to the caller's rows. */
export function databasePeople(database: () => Database): PeopleStore {
  return {
    list: (caller) =>
      asCaller(database(), caller, async (sql) => {
        const people = await sql<Person[]>`select ${sql(columns)} from public.people order by created_at, id`;
        return [...people];
      }),
    create: (caller, fields) =>
      asCaller(database(), caller, async (sql) => {
        const [person] = await sql<[Person]>`
          insert into public.people ${sql({ ...fields, owner_id: caller.id })} returning ${sql(columns)}`;
        return person;
      }),
    find: (caller, id) =>
      asCaller(database(), caller, async (sql) => {
        const [person] = await sql<Person[]>`select ${sql(columns)} from public.people where id = ${id}`;
        return person;
      }),
    change: (caller, id, change) =>
      asCaller(database(), caller, async (sql) => {
        const [person] = await sql<Person[]>`
          update public.people set ${sql(change)} where id = ${id} returning ${sql(columns)}`;
        return person;
      }),
    remove: (caller, id) =>
      asCaller(database(), caller, async (sql) => {
        const result = await sql`delete from public.people where id = ${id}`;
        return result.count === 1;
      }),
  };
}
