import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

WORLD = int(os.environ.get("WORLD_SIZE", "1"))
RANK = int(os.environ.get("RANK", "0"))


def two_spirals(n, seed):
    g = torch.Generator().manual_seed(seed)
    side = torch.randint(0, 2, (n,), generator=g)
    turn = torch.rand(n, generator=g).sqrt() * 7
    angle = turn + side * torch.pi
    points = torch.stack([turn * angle.cos(), turn * angle.sin()], 1) / 4
    return TensorDataset(points + 0.05 * torch.randn(n, 2, generator=g), side)


def build():
    torch.manual_seed(32)
    net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
    wrapped = DistributedDataParallel(net) if WORLD > 1 else net
    return net, wrapped


def accuracy(net, data):
    net.eval()
    right = 0
    with torch.no_grad():
        for x, y in DataLoader(data, batch_size=500):
            right += (net(x).argmax(-1) == y).sum().item()
    net.train()
    return right / len(data)


def main(epochs=20, per_rank_batch=32):
    if WORLD > 1:
        dist.init_process_group("gloo")
    train_set, test_set = two_spirals(800, seed=1), two_spirals(500, seed=2)
    sampler = DistributedSampler(train_set, num_replicas=WORLD, rank=RANK, shuffle=True, seed=7)
    loader = DataLoader(train_set, batch_size=per_rank_batch, sampler=sampler)
    net, model = build()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=1e-2, epochs=epochs, steps_per_epoch=len(loader))

    for epoch in range(epochs):
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            sched.step()
        if RANK == 0 and epoch % 5 == 4:
            print(f"epoch {epoch + 1:2d}  loss {loss.item():.4f}  test acc {accuracy(net, test_set):.3f}")
    if WORLD > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
