// Pictures in this browser: from files, from the camera, smaller ones for the coach.

const sent = ["image/jpeg", "image/png", "image/webp"];

/** photoOf returns the file as a photo that the API takes: as it is, or drawn again as JPEG, as a HEIC
 * file in a browser that can read it. null is a file that is no picture here. */
export async function photoOf(file) {
  if (sent.includes(file.type)) return file;
  try {
    const picture = await createImageBitmap(file);
    return await drawn(picture, picture.width, picture.height, .92);
  } catch {
    return null;
  }
}

/** drawn returns the picture as a JPEG of the size. */
export async function drawn(picture, width, height, quality) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
  return canvas.convertToBlob({ type: "image/jpeg", quality });
}

/** preview returns a frame of the video for the coach, of at most 800 pixels. */
export function preview(video) {
  const scale = Math.min(1, 800 / Math.max(video.videoWidth, video.videoHeight));
  return drawn(video, Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale), .8);
}

/** frame returns a photo of the video at its full size. */
export const frame = (video) => drawn(video, video.videoWidth, video.videoHeight, .92);

/** asJPEG returns the photo as a JPEG. */
export async function asJPEG(photo) {
  if (photo.type === "image/jpeg") return photo;
  const picture = await createImageBitmap(photo);
  return drawn(picture, picture.width, picture.height, .92);
}
