import torch
from torch import nn


def main():
    torch.manual_seed(69)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    use_amp = device == "cuda"
    x = torch.randn(400, 12)
    y = (x.sum(1) > 0).long()
    net = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 2)).to(device)
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(device, enabled=use_amp)
    for epoch in range(4):
        net.train()
        for i in torch.randperm(320).split(32):
            xb, yb = x[i].to(device, non_blocking=True), y[i].to(device, non_blocking=True)
            opt.zero_grad(set_to_none=True)
            with torch.autocast(device, dtype=torch.float16, enabled=use_amp):
                loss = nn.functional.cross_entropy(net(xb), yb)
            scaler.scale(loss).backward()
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            scaler.step(opt)
            scaler.update()
        net.eval()
        with torch.no_grad():
            acc = (net(x[320:].to(device)).argmax(1).cpu() == y[320:]).float().mean()
        print(epoch, acc.item())


main()
