package checks

import "sync"

// inParallel does something for each number below count, by a few workers.
func inParallel(count int, do func(int)) {
	var workers sync.WaitGroup
	numbers := make(chan int)
	for range 16 {
		workers.Go(func() {
			for i := range numbers {
				do(i)
			}
		})
	}
	for i := range count {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
}
