"""ctrl_c.py UNTIL COMMAND...: run a command at a terminal of its own, and press Ctrl-C once, when the
shell says that UNTIL is true ($PID is the command's, $SAID a file of what it printed). Prints that and
exits as a shell would say; 99 where it never came so far, or did not end of one Ctrl-C, in two minutes."""
import os, pty, select, subprocess, sys, tempfile, time

PATIENCE = 120

until, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
said = tempfile.NamedTemporaryFile()
os.environ["PID"], os.environ["SAID"] = str(pid), said.name
pressed, patience = False, time.monotonic() + PATIENCE
while True:
    if select.select([terminal], [], [], 0.02)[0]:
        try:
            text = os.read(terminal, 65536)
        except OSError:  # nobody has the terminal any more
            break
        sys.stdout.buffer.write(text)
        said.write(text)
        said.flush()
    if not pressed and subprocess.run(["sh", "-c", until], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL).returncode == 0:
        pressed, patience = True, time.monotonic() + PATIENCE
        os.write(terminal, b"\x03")
    if time.monotonic() > patience:
        print("does not end of one Ctrl-C" if pressed else f"never: {until}")
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        sys.exit(99)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if status >= 0 else 128 - status)
