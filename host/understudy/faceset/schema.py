"""Which tables has a faceset's index?"""

from __future__ import annotations

from typing import Final

__all__ = ["FORMAT", "SCHEMA", "SELECT_FACES", "TOUCHING"]

FORMAT: Final = 2
"""Version of the index."""

SCHEMA: Final = """
create table if not exists meta (key text primary key, value text) without rowid;
create table if not exists clip (
  id integer primary key, fingerprint text unique not null, name text not null, time_base text not null,
  frames integer not null, width integer not null, height integer not null);
create table if not exists chunk (
  clip integer not null references clip(id), first integer not null, stop integer not null,
  undecodable text not null, made_from text not null, primary key (clip, first)) without rowid;
create table if not exists face (
  name text primary key, clip integer not null references clip(id), frame integer not null, face integer not null,
  pts integer not null, time_s real not null, score real not null,
  x0 real not null, y0 real not null, x1 real not null, y1 real not null,
  face_type text not null, size integer not null, frame_to_crop text not null, landmarks text not null,
  found_landmarks text not null, origin text not null, track integer not null,
  pitch_deg real not null, yaw_deg real not null, roll_deg real not null,
  sharpness real not null, brightness real not null,
  mesh blob, mask blob not null) without rowid;
create index if not exists face_by_time on face(clip, frame, face);
create index if not exists face_by_track on face(track, frame);
create table if not exists person (track integer primary key, person text not null, embedding blob not null);
create table if not exists mark (name text primary key, reason text not null, batch integer not null) without rowid;
create table if not exists label (
  name text primary key, frame_to_crop text not null, size integer not null, polygons text not null,
  mask blob not null) without rowid;
create table if not exists measure (
  name text not null, metric text not null, value real not null, primary key (name, metric)) without rowid;
"""


SELECT_FACES: Final = """
select face.name, fingerprint, clip.name, frame, pts, time_base, score, face_type, size, frame_to_crop,
  landmarks, found_landmarks, origin, face.track, pitch_deg, yaw_deg, roll_deg, sharpness, brightness, person.person,
  mark.reason, x0, y0, x1, y1, mesh
from face join clip on clip.id = face.clip left join person on person.track = face.track
  left join mark on mark.name = face.name"""

TOUCHING: Final = """
select other.name from face as own cross join clip on clip.id = own.clip
  cross join face as other on other.clip = own.clip and other.frame = own.frame and other.name <> own.name
where own.track = ? and fingerprint = ?
  and own.x0 < other.x1 and other.x0 < own.x1 and own.y0 < other.y1 and other.y0 < own.y1"""
"""Names of the other faces of a clip whose boxes touch, in some frame, the box of a track's face; ``cross`` keeps the
order of the joins, which begin with the track's few faces."""
