import torch
from torch import nn

torch.manual_seed(60)
store = {}
net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 64, 3))
net.eval()
layer = net[2]
h1 = layer.register_forward_hook(lambda m, i, o: store.__setitem__("act", o))
h2 = layer.register_full_backward_hook(lambda m, gi, go: store.__setitem__("grad", go[0]))
img = torch.randn(1, 1, 12, 12)
out = net(img)
out[0, out.argmax()].backward()
w = store["grad"].mean((2, 3), keepdim=True)
cam = torch.relu((w * store["act"]).sum(1)).detach()
h1.remove()
h2.remove()
print(cam.shape, cam.max().item())
