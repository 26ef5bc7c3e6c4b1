import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.distributed import DistributedSampler

# 单机调试:world_size=1,之后用 torchrun 启动
WORLD, RANK = 1, 0


class Signals(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.kind = torch.randint(0, 4, (n,), generator=g)
        t = torch.linspace(0, 1, 40)
        amp = 0.5 + torch.rand(n, 1, generator=g)
        wave = torch.sin(6.2832 * (self.kind[:, None] + 1) * t)
        self.sig = amp * wave + 0.4 * torch.randn(n, 40, generator=g)

    def __len__(self):
        return self.sig.size(0)

    def __getitem__(self, i):
        return {"sig": self.sig[i], "kind": self.kind[i]}


def loader_for(ds, bs, train):
    sampler = DistributedSampler(ds, num_replicas=WORLD, rank=RANK, shuffle=train, seed=1)
    return DataLoader(ds, batch_size=bs, sampler=sampler), sampler


def main():
    torch.manual_seed(30)
    train_dl, train_sampler = loader_for(Signals(640, 1), 32, train=True)
    val_dl, _ = loader_for(Signals(320, 2), 64, train=False)
    net = nn.Sequential(nn.Unflatten(1, (1, 40)), nn.Conv1d(1, 12, 9), nn.ReLU(), nn.AdaptiveMaxPool1d(4), nn.Flatten(), nn.Linear(48, 4))
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    for epoch in range(8):
        net.train()
        for batch in train_dl:
            opt.zero_grad()
            nn.functional.cross_entropy(net(batch["sig"]), batch["kind"]).backward()
            opt.step()
    # 验证
    net.eval()
    ok = 0
    with torch.inference_mode():
        for batch in val_dl:
            ok += net(batch["sig"]).argmax(1).eq(batch["kind"]).sum().item()
    print("val acc", ok / len(val_dl.dataset))


if __name__ == "__main__":
    main()
