import { callerOf } from "../_shared/caller.ts";
import { type Handler, HttpError, json, jsonObject, pathBelow } from "../_shared/http.ts";
import { isUuid } from "../_shared/uuid.ts";
import { newPerson, type Person, personChange } from "./person.ts";
import type { PeopleStore } from "./store.ts";

/** `GET|POST /people` and `GET|PATCH|DELETE /people/ID`, for the caller's own people. */
export function peopleHandler(store: PeopleStore): Handler {
  return async (request) => {
    const caller = callerOf(request);
    const id = pathBelow(request, "people");
    if (id === "") {
      switch (request.method) {
        case "GET":
          return json(200, { people: await store.list(caller) });
        case "POST":
          return json(201, { person: await store.create(caller, newPerson(await jsonObject(request))) });
      }
      throw new HttpError(405, "method_not_allowed", "Use GET or POST.");
    }
    if (!isUuid(id)) throw notFound();
    switch (request.method) {
      case "GET":
        return json(200, { person: existing(await store.find(caller, id)) });
      case "PATCH": {
        const change = personChange(await jsonObject(request));
        return json(200, { person: existing(await store.change(caller, id, change)) });
      }
      case "DELETE":
        if (!await store.remove(caller, id)) throw notFound();
        return json(200, { deleted: id });
    }
    throw new HttpError(405, "method_not_allowed", "Use GET, PATCH or DELETE.");
  };
}

function existing(person: Person | undefined): Person {
  if (person === undefined) throw notFound();
  return person;
}

function notFound(): HttpError {
  return new HttpError(404, "person_not_found", "You have no person with this id.");
}
