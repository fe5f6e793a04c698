// The notices.
import { get, post, remove } from "../core/api.js";
import { h } from "../core/dom.js";
import { action, load } from "../core/load.js";
import { count } from "../core/shell.js";
import { moment, t } from "../core/text.js";

export const view = ({ signal }) => [
  h("h1", null, t("nav.inbox")),
  load(signal, () => get("/v1/inbox?limit=30", { signal }), (page, again) => notices(page, again, signal)),
];

function notices({ items, unreadCount, nextCursor }, again, signal) {
  count();
  if (!items.length) return h("p.lead", null, t("inbox.empty"));
  const list = h("ul.rows", null, items.map((item) => notice(item, again)));
  let cursor = nextCursor;
  const more = h("div", null, action("button", t("more"), async () => {
    const page = await get(`/v1/inbox?limit=30&cursor=${encodeURIComponent(cursor)}`, { signal });
    list.append(...page.items.map((item) => notice(item, again)));
    cursor = page.nextCursor;
    if (!cursor) more.remove();
  }));
  return [
    h("div.row", null, unreadCount > 0 && h("div", null, action("button", t("inbox.readAll"), async () => {
      await post("/v1/inbox/read-all", { before: items[0].createdAt });
      again();
    })), h("div", null, action("button.quiet", t("inbox.clear"), async () => { await remove("/v1/inbox?read=true"); again(); }))),
    list, cursor && more,
  ];
}

function notice(item, again) {
  const to = link(item);
  const read = () => post(`/v1/inbox/${item.id}/read`).catch(() => {});
  return h("li.mail", { "data-read": String(item.read) },
    h("div.head", null, h("h2", null, to ? h("a", { href: to, onclick: read }, item.title) : item.title),
      h("p.small.muted", null, moment(item.createdAt), !item.read && h("span.tag", null, t("inbox.new")))),
    h("p", null, item.body),
    h("div.row", null, !item.read && h("div", null, action("button.quiet", t("inbox.read"), async () => { await read(); again(); })),
      h("div", null, action("button.quiet", t("inbox.delete"), async () => { await remove(`/v1/inbox/${item.id}`); again(); }))));
}

function link({ data, kind }) {
  if (data.seriesId) return `#/series/${data.seriesId}`;
  if (data.scanId) return `#/scans/${data.scanId}`;
  if (data.board) return `#/leaderboards/${data.board}`;
  return kind === "export_ready" ? "#/export" : null;
}
