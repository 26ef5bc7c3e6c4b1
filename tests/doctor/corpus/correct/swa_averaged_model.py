import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
x = torch.randn(320, 5)
y = x.sum(1, keepdim=True).sin()
loader = DataLoader(TensorDataset(x[:256], y[:256]), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(5, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))
swa = AveragedModel(model)
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
swa_sched = SWALR(opt, swa_lr=0.02, anneal_epochs=2)
for epoch in range(8):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        nn.functional.mse_loss(model(xb), yb).backward()
        opt.step()
    if epoch >= 4:
        swa.update_parameters(model)
        swa_sched.step()
update_bn(loader, swa)
swa.eval()
with torch.no_grad():
    print("swa val", nn.functional.mse_loss(swa(x[256:]), y[256:]).item())
