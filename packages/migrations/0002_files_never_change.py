"""A published file never changes and its row never goes; the database sees to it."""

from django.db import migrations

FORWARDS = """
create function packages_file_never_changes() returns trigger language plpgsql as $$
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
create trigger a_published_file_never_changes before update or delete on packages_file
    for each row execute function packages_file_never_changes();
"""
BACKWARDS = """
drop trigger a_published_file_never_changes on packages_file;
drop function packages_file_never_changes();
"""


class Migration(migrations.Migration):
    dependencies = [("packages", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
