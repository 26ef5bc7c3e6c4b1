import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Numbers(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        info = get_worker_info()
        lo, step = (0, 1) if info is None else (info.id, info.num_workers)
        for k in range(lo, self.n, step):
            yield torch.tensor([k / self.n]), k % 2


if __name__ == "__main__":
    seen = []
    for x, y in DataLoader(Numbers(50), batch_size=8, num_workers=2):
        seen += [round(v * 50) for v in x.flatten().tolist()]
    print(len(seen), len(set(seen)))
