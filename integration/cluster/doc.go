// Package cluster starts a real Apache Kafka for tests: one broker or three, plain or with secured listeners, as containers where
// a Docker Engine and an image are there, else as JVM processes from the jars of Maven Central.
//
//	c := cluster.ForTest(t, cluster.Options{})
//	client, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...))
//
// # What it needs
//
// Containers: a Docker Engine on this machine and one of the images in [Images], already pulled or built. Processes: java (17 or
// later) and mvn. The first start on a machine fetches the jars and prepares a class archive (about half a minute) into the user's
// cache directory; later ones have a broker ready in about 2 s.
//
// # Which one runs
//
// [Auto], the default, takes containers if it can, else processes, else ForTest skips and says what is missing. KAFKA_TEST_RUNTIME
// ("container" or "processes") decides for Auto, and turns that skip into a failure, so that a CI job can't skip in silence.
//
// # How it ends
//
// Stop kills the brokers and removes all that they wrote. Where the program that started them dies without Stop, by SIGKILL too, a
// small shell process does the same.
package cluster
