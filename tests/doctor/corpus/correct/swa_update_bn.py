import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)


def blobs(n, g):
    y = torch.randint(3, (n,), generator=g)
    r = 1.0 + y + 0.35 * torch.randn(n, generator=g)
    a = 6.2832 * torch.rand(n, generator=g)
    return TensorDataset(torch.stack([r * a.cos(), r * a.sin()], 1), y)


g = torch.Generator().manual_seed(0)
train = DataLoader(blobs(1500, g), batch_size=50, shuffle=True)
valid = DataLoader(blobs(500, g), batch_size=250)

net = nn.Sequential(nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(),
                    nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 3))
swa_net = AveragedModel(net)
criterion = nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
EPOCHS, SWA_FROM = 14, 8
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=SWA_FROM, eta_min=0.05)
swa_sched = SWALR(opt, swa_lr=0.05, anneal_epochs=2)


def evaluate(model):
    model.eval()
    loss = hits = count = 0
    with torch.no_grad():
        for x, y in valid:
            out = model(x)
            loss += criterion(out, y).item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
            count += len(y)
    return loss / count, hits / count


for epoch in range(EPOCHS):
    net.train()
    for x, y in train:
        opt.zero_grad()
        criterion(net(x), y).backward()
        opt.step()
    if epoch >= SWA_FROM:
        swa_net.update_parameters(net)
        swa_sched.step()
    else:
        cosine.step()
    print("epoch %2d  lr %.4f  val loss %.4f acc %.3f" % (epoch, opt.param_groups[0]["lr"], *evaluate(net)))

# the running statistics belong to no single member of the average: they are taken anew
update_bn(train, swa_net)
print("SWA  val loss %.4f acc %.3f" % evaluate(swa_net))
