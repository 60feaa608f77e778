# A disk whose power can be cut: an ext4 image, mounted, that lies on a file system with reflinks. A
# copy of the image is the disk as it was at that instant: what the kernel had not been made to
# write is not on it. Mounting the copy replays the journal, as after a power cut.
#
#   power_on        mounts the disk at $disk
#   power_cut COPY  copies the disk as it is, in a millisecond or two
#   disk_writes     sets $writes to how often it has been written to
#   mounted COPY COMMAND…  runs a command with the copy mounted at $after
#   disk_restore COPY      goes back to a copy
#   power_off       unmounts and removes everything; also after a failure halfway

power_on() {
    host=$BATS_TEST_TMPDIR/host disk=$BATS_TEST_TMPDIR/disk after=$BATS_TEST_TMPDIR/after
    [ "$(id -u)" -eq 0 ] || skip "only root can mount a disk whose power is cut"
    local tool
    for tool in mkfs.xfs mkfs.ext4 strace; do
        command -v $tool > /dev/null || skip "no $tool here, so no disk whose power is cut"
    done
    mkdir "$host" "$disk" "$after"
    truncate -s 1G "$host.img"
    mkfs.xfs -q -m reflink=1 "$host.img"
    mount -o loop "$host.img" "$host" 2> mount.err ||
        skip "cannot loop-mount an XFS image here, so no disk whose power is cut: $(cat mount.err)"
    truncate -s 64M "$host/disk.img"
    mkfs.ext4 -q "$host/disk.img"
    disk_mount 2> mount.err ||
        skip "cannot loop-mount an ext4 image here, so no disk whose power is cut: $(cat mount.err)"
}

disk_mount() {
    local device
    # commit: the journal is not to be written out by the clock before someone asks for it
    mount -o loop,commit=300 "$host/disk.img" "$disk" || return 1
    device=$(findmnt -no SOURCE "$disk")
    disk_statistics=/sys/block/${device##*/}/stat
}

# Back to a copy, as if nothing had happened since.
disk_restore() {
    umount "$disk" && cp --reflink=always "$host/$1" "$host/disk.img" && disk_mount
}

power_cut() {
    cp --reflink=always "$host/disk.img" "$host/$1"
}

disk_writes() {
    local statistics
    read -ra statistics < "$disk_statistics"
    writes=${statistics[4]}
}

mounted() {
    local copy=$1 result=0
    shift
    mount -o loop "$host/$copy" "$after" || return 1
    "$@" || result=$?
    umount "$after" || return 1
    return $result
}

power_off() {
    local place
    cd / || return
    for place in "$after" "$disk" "$host"; do
        [ -n "$place" ] && mountpoint -q "$place" || continue
        umount "$place" || umount -l "$place"
    done
    rm -f "$BATS_TEST_TMPDIR/host.img"
}
