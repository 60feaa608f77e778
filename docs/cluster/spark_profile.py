"""The profile of a table that Spark reads, made where its rows are and merged here:

    spark-submit spark_profile.py pipe  OUTPUT FILE.csv...      text by rdd.pipe and partition.sh
    spark-submit spark_profile.py arrow OUTPUT FILE.parquet...  any DataFrame by mapInArrow

`mlops` must be on the PATH of every worker (or name it in MLOPS), as must partition.sh's base64;
mapInArrow wants pyarrow and pandas there.
CSV has a header in every file and no newlines within cells, as textFile demands."""
import base64, csv, os, shlex, subprocess, sys, tempfile

from pyspark.sql import SparkSession

MLOPS = os.environ.get("MLOPS", "mlops")
SAMPLE = 8192  # rows that the types are taken from


def profile_rows(schema, names, write):
    """Start mlops on rows that `write` gives it, return the profile's bytes; None without rows."""
    with tempfile.TemporaryDirectory() as folder:
        part, given = os.path.join(folder, "part"), os.path.join(folder, "schema")
        command = [MLOPS, "-q", "profile", "--stream", "--columns", ",".join(names), "--separator", ",", "-o", part]
        if schema:
            with open(given, "wb") as file:
                file.write(schema)
            command += ["--schema", given]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        rows = write(child.stdin)
        said = child.communicate()[1]
        if rows == 0:
            return None
        if child.returncode:
            raise RuntimeError(said.decode())
        with open(part, "rb") as file:
            return file.read()


def write_batches(batches, sink):
    import pyarrow.csv

    rows, options = 0, pyarrow.csv.WriteOptions(include_header=False)
    for batch in batches:
        if batch.num_rows:
            pyarrow.csv.write_csv(batch, sink, options)
            rows += batch.num_rows
    return rows


def by_arrow(spark, paths):
    import pyarrow

    frame = spark.read.parquet(*paths)
    names = frame.columns
    sample = frame.limit(SAMPLE).toArrow().to_batches()
    schema = profile_rows(None, names, lambda sink: write_batches(sample, sink))

    def partition(batches):
        part = profile_rows(schema, names, lambda sink: write_batches(batches, sink))
        if part:
            yield pyarrow.RecordBatch.from_arrays([pyarrow.array([part], pyarrow.binary())], ["profile"])

    return [bytes(row.profile) for row in frame.mapInArrow(partition, "profile binary").toLocalIterator()]


def by_pipe(spark, paths):
    context = spark.sparkContext
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "partition.sh")
    lines = context.textFile(",".join(paths))
    header = lines.first()
    names = next(csv.reader([header]))
    rows = lines.filter(lambda line: line != header)
    first = rows.take(SAMPLE)

    def write(sink):
        sink.write(("\n".join(first) + "\n").encode())
        return len(first)

    with tempfile.NamedTemporaryFile(suffix=".mlprof") as file:
        file.write(profile_rows(None, names, write))
        file.flush()
        context.addFile(file.name)
        context.addFile(script)
        # every worker has them under the same name in its own working folder
        command = shlex.join(["sh", os.path.basename(script), os.path.basename(file.name), ",".join(names)])
        environment = {"PATH": os.environ["PATH"], "MLOPS": MLOPS}  # pipe gives none of its own
        parts = rows.pipe(command, environment, checkCode=True)
        return [base64.b64decode(line) for line in parts.toLocalIterator()]


def main():
    kind, output, *paths = sys.argv[1:]
    spark = SparkSession.builder.appName("profile").getOrCreate()
    parts = {"arrow": by_arrow, "pipe": by_pipe}[kind](spark, paths)
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, part in enumerate(parts):
            names.append(os.path.join(folder, f"{number}.mlprof"))
            with open(names[-1], "wb") as file:
                file.write(part)
        subprocess.run([MLOPS, "profile", "merge", "-o", output, *names], check=True)
    spark.stop()


if __name__ == "__main__":
    main()
