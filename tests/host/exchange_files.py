"""Files of other programs, made for tests: a pack, an extracted face."""

from __future__ import annotations

import pickle
import struct
import zlib

import cv2
import numpy as np


def write_pack(path, files, *, version=1):
    """Write a pack: (name, person, content) of each file."""
    index = pickle.dumps([{"filename": name, "person_name": person, "shape": (8, 8, 3)} for name, person, _ in files])
    first = 16 + len(index) + 8 * (len(files) + 1)
    offsets = [sum(len(content) for *_, content in files[:count]) for count in range(len(files) + 1)]
    offsets[-1] += first
    head = struct.pack("<QQ", version, len(index)) + index + struct.pack(f"<{len(offsets)}Q", *offsets)
    path.write_bytes(head + b"".join(content for *_, content in files))
    return path


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with_text(png, body, kind=b"iTXt"):
    """Return a PNG with a text chunk behind its header."""
    return png[:33] + png_chunk(kind, body) + png[33:]


def international_text(text, *, is_packed=False):
    """Return the body of an iTXt chunk."""
    content = text.encode()
    flags = b"\x01\x00" if is_packed else b"\x00\x00"
    return b"faceswap\x00" + flags + b"\x00\x00" + (zlib.compress(content) if is_packed else content)


def faceswap_record(landmarks, source="clip_000007.png", frame_size=(640, 360), **changes):
    """Return the record of an extracted face."""
    record = {
        "x": 190,
        "w": 120,
        "y": 140,
        "h": 130,
        "landmarks_xy": np.asarray(landmarks).tolist(),
        "mask": {"components": {"mask": b"\x00\x01", "stored_size": 128}},
        "identity": {},
    }
    named = {
        "alignments_version": 2.4,
        "original_filename": "clip_000007_0.png",
        "face_index": 0,
        "source_filename": source,
        "source_is_video": True,
        "source_frame_dims": (frame_size[1], frame_size[0]),
    }
    return {"alignments": record | changes, "source": named}


def extracted_png(rgb, landmarks, source, frame_size):
    """Return an extracted face of faceswap."""
    png = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
    return png_with_text(png, international_text(repr(faceswap_record(landmarks, source, frame_size))))
