import { database } from "../_shared/database.ts";
import { withErrors } from "../_shared/http.ts";
import { peopleHandler } from "./handler.ts";
import { databasePeople } from "./store.ts";

Deno.serve(withErrors(peopleHandler(databasePeople(database))));
