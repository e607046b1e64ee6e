import { database } from "../_shared/database.ts";
import { withErrors } from "../_shared/http.ts";
import { healthHandler } from "./handler.ts";

Deno.serve(withErrors(healthHandler(async () => await database()`select 1`)));
