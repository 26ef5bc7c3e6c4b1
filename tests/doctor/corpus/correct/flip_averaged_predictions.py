import torch
from torch import nn

torch.manual_seed(49)
x = torch.randn(300, 1, 8, 8)
y = (x[:, 0, 2:6].mean((1, 2)) > 0).long()
net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(3):
    net.train()
    for i in torch.randperm(240).split(24):
        xb = x[i]
        if torch.rand(()) < 0.5:
            xb = xb.flip(-1)
        opt.zero_grad()
        nn.functional.cross_entropy(net(xb), y[i]).backward()
        opt.step()


@torch.inference_mode()
def predict_tta(model, images):
    model.eval()
    views = (images, images.flip(-1))
    return torch.stack([model(v).softmax(1) for v in views]).mean(0)


print((predict_tta(net, x[240:]).argmax(1) == y[240:]).float().mean().item())
