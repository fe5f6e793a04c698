// The camera, with the coach beside it. Frames for the coach go to the API of this machine.
import { post } from "../core/api.js";
import { h, say } from "../core/dom.js";
import { Problem, asProblem, notice } from "../core/problem.js";
import { t } from "../core/text.js";
import { frame, preview } from "./picture.js";

const codes = {
  NotAllowedError: "camera_denied", NotFoundError: "no_camera", OverconstrainedError: "no_camera",
  NotReadableError: "camera_busy", AbortError: "camera_busy",
};

async function stream() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Problem("no_camera");
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } }, audio: false });
  } catch (fault) {
    throw new Problem(codes[fault.name] ?? "no_camera");
  }
}

/** camera returns the panel that begins once it is asked to, and gives taken each photo. It ends with
 * the signal. */
export function camera({ signal, taken }) {
  const box = h("div.stack");
  const begin = async () => {
    box.replaceChildren(h("p.muted", { role: "status" }, t("camera.asking")));
    try {
      const source = await stream();
      const stop = () => source.getTracks().forEach((track) => track.stop());
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      for (const track of source.getTracks()) {
        track.addEventListener("ended", () => box.replaceChildren(notice(new Problem("no_camera"), begin)));
      }
      run(box, source, { signal, taken });
    } catch (fault) {
      box.replaceChildren(notice(fault, begin));
    }
    return undefined;
  };
  box.append(h("div.card.stack.offer", null, h("p", null, t("camera.text")),
    h("p", null, h("button.primary", { type: "button", id: "camera-on", onclick: begin }, t("camera.on")))));
  return box;
}

function run(box, source, { signal, taken }) {
  const video = h("video", { playsinline: true, muted: true, "aria-label": t("camera.label") });
  video.srcObject = source;
  video.muted = true;
  const coach = h("div.coach", { id: "coach" }, h("p.muted", null, t("coach.looking")));
  const shoot = h("button.primary.tall", { type: "button", id: "shoot", disabled: true }, t("camera.shoot"));
  shoot.addEventListener("click", async () => {
    shoot.disabled = true;
    await taken(await frame(video));
    shoot.disabled = false;
  });
  box.replaceChildren(h("div.viewfinder", null, video, oval()), coach, shoot);
  video.addEventListener("loadeddata", () => { shoot.disabled = false; watch(video, coach, signal); }, { once: true });
  video.play().catch((fault) => { if (!signal.aborted) box.prepend(notice(fault)); });
}

const oval = () => h("div.oval", { "aria-hidden": "true" });

// watch asks the coach about a frame each second, as long as the camera is shown.
async function watch(video, coach, signal) {
  let told = "";
  while (!signal.aborted && video.isConnected) {
    const began = performance.now();
    if (!document.hidden) {
      try {
        const advice = await post("/v1/coach", await preview(video), { signal, headers: { "Content-Type": "image/jpeg" } });
        if (signal.aborted) return;
        const said = show(coach, advice);
        if (said !== told) say(said);
        told = said;
      } catch (fault) {
        if (signal.aborted || fault.name === "AbortError") return;
        const problem = asProblem(fault);
        coach.replaceChildren(notice(problem));
        if (!problem.passes) return;
      }
    }
    await new Promise((done) => setTimeout(done, Math.max(250, 1100 - (performance.now() - began))));
  }
}

function show(coach, { verdict, reason, fixes }) {
  const first = reason?.detail ?? fixes[0]?.detail ?? t("coach.good.text");
  coach.dataset.verdict = verdict;
  coach.replaceChildren(h("p", null, h("strong", null, t(`coach.${verdict}`)), " ", first));
  return `${t(`coach.${verdict}`)} ${first}`;
}
