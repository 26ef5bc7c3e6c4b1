import torch, torch.nn as nn

torch.manual_seed(5)
dev = "cuda" if torch.cuda.is_available() else "cpu"
X = torch.randn(300, 5, device=dev); Y = X.sum(1, keepdim=True)
net = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1)).to(dev)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
scaler = torch.amp.GradScaler(dev)
for ep in range(5):
    net.train()
    for i in torch.randperm(300, device=dev).split(30):
        opt.zero_grad()
        with torch.autocast(dev, dtype=torch.float16):
            out = net(X[i])
            loss = nn.functional.mse_loss(out.float(), Y[i])
        scaler.scale(loss).backward()
        scaler.step(opt)
        scaler.update()
    print(ep, loss.item())
