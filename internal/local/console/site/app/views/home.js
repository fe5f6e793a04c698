// Where a person begins: the sign-in, or what there is of the user.
import { user } from "../core/session.js";
import { view as start } from "./start.js";
import { view as overview } from "./overview.js";

export const view = (context) => (user() ? overview(context) : start(context));
