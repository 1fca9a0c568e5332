"""A deleted file may be restored until its bytes are given up; what never changes, stays so."""

from django.db import migrations

FORWARDS = """
create or replace function packages_file_never_changes() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'File % is kept for ever, because its name is; set deleted_at.', old.filename
            using errcode = 'restrict_violation';
    end if;
    if (new.filename, new.identity, new.filetype, new.size, new.sha256, new.blake2b_256, new.md5,
        new.metadata_sha256, new.requires_python, new.release_id, new.uploaded_at, new.published_at)
       is distinct from
       (old.filename, old.identity, old.filetype, old.size, old.sha256, old.blake2b_256, old.md5,
        old.metadata_sha256, old.requires_python, old.release_id, old.uploaded_at, old.published_at)
    then
        raise exception 'File % is published and never changes.', old.filename
            using errcode = 'restrict_violation';
    end if;
    if old.purged_at is not null
       and (new.purged_at, new.deleted_at) is distinct from (old.purged_at, old.deleted_at) then
        raise exception 'File % was deleted for good.', old.filename
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
"""
BACKWARDS = """
create or replace function packages_file_never_changes() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'File % is kept for ever, because its name is; set deleted_at.', old.filename
            using errcode = 'restrict_violation';
    end if;
    if (new.filename, new.identity, new.filetype, new.size, new.sha256, new.blake2b_256, new.md5,
        new.metadata_sha256, new.requires_python, new.release_id, new.uploaded_at, new.published_at)
       is distinct from
       (old.filename, old.identity, old.filetype, old.size, old.sha256, old.blake2b_256, old.md5,
        old.metadata_sha256, old.requires_python, old.release_id, old.uploaded_at, old.published_at)
    then
        raise exception 'File % is published and never changes.', old.filename
            using errcode = 'restrict_violation';
    end if;
    if old.deleted_at is not null and new.deleted_at is null then
        raise exception 'File % was deleted for good.', old.filename
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("packages", "0003_bin_and_limits")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
