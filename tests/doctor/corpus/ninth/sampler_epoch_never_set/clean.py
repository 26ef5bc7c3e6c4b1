import os

import torch
import torch.distributed as dist
import torch.nn as nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def setup():
    """Started with torchrun the ranks come from the environment; alone it is a group of one."""
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    else:
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    return dist.get_rank(), dist.get_world_size()


def ratings(n_users=80, n_items=60, n=4000):
    user_taste = torch.randn(n_users, 3)
    item_trait = torch.randn(n_items, 3)
    u = torch.randint(0, n_users, (n,))
    i = torch.randint(0, n_items, (n,))
    r = (user_taste[u] * item_trait[i]).sum(1) + 0.3 * torch.randn(n)
    return u, i, r


class Factors(nn.Module):
    def __init__(self, n_users, n_items, k=8):
        super().__init__()
        self.user = nn.Embedding(n_users, k)
        self.item = nn.Embedding(n_items, k)
        nn.init.normal_(self.user.weight, std=0.3)
        nn.init.normal_(self.item.weight, std=0.3)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(1)


def main():
    torch.manual_seed(12)
    rank, world = setup()
    u, i, r = ratings()
    train_set = TensorDataset(u[:3200], i[:3200], r[:3200])
    sampler = DistributedSampler(train_set, num_replicas=world, rank=rank, shuffle=True, seed=12)
    loader = DataLoader(train_set, batch_size=32, sampler=sampler)
    model = DistributedDataParallel(Factors(80, 60))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    mse = nn.MSELoss()
    for epoch in range(8):
        sampler.set_epoch(epoch)
        model.train()
        for ub, ib, rb in loader:
            opt.zero_grad()
            mse(model(ub, ib), rb).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            val = mse(model.module(u[3200:], i[3200:]), r[3200:]).item()
        if rank == 0:
            print(f"epoch {epoch}: val mse {val:.4f}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
